"""Telling others how workers are doing: what they have done is counted, and served over HTTP."""
