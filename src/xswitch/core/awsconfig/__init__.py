"""The shared AWS config: text in, values out.

`document` parses one file, `sdk_reader` reads both as the SDKs do, `botocore_reader` reads as the
AWS CLI does, `differences` compares them, `edit` changes one profile, and `verify` checks the
result. `adapters.config` reads and writes the files; `core.roles` interprets the profiles.
"""
