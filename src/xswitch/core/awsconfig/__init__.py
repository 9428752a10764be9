"""The shared AWS config.

A lossless document, the SDKs' reading of it, the AWS CLI's reading of it, and edits of it.

`locate` says which files, `sdk` reads both, `edit` changes one, `command` spells a
credential_process. All of it is text in, values out.
"""
