"""The reference application: semantic search over a folder of documents."""
