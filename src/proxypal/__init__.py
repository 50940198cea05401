"""The ledger of the local LLM proxy."""

__version__ = "0.1.0"
