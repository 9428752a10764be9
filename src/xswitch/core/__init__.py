"""Pure: values, rules and texts. No I/O, no third-party import, `now` comes as an argument."""
