"""The hot path: answers `credential-process` from the vault without importing what it does not need."""
