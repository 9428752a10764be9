"""Code for shells: quoting, hooks, completion. The hooks themselves are in `templates`."""
