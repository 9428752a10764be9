"""Modal dialogs: text, forget, busy, MFA code, guard confirmation."""
