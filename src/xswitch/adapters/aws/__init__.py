"""STS and IAM over the network: clients, requests, answers, and their errors.

Source credentials are in `adapters.providers`.
"""
