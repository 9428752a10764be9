"""The picker: state and transitions, list, detail, keys, and the actions on roles."""
