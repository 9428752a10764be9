"""Modal dialogs: text, forget, progress, MFA code, guard confirmation."""
