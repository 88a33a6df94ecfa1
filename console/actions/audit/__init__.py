"""The record of every effect: written before and after it, and checked."""
