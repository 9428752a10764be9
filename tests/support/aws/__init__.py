"""The emulator with a default state, faulty servers, and third-party emulators."""
