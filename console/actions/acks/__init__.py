"""Acks: planned, sent, kept up, handed over, given up."""
