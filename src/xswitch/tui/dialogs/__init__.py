"""Modal dialogs (text, forget, progress, MFA code, guard), and the base of screens with a form."""
