"""Logs, metrics and traces, fed from a catalogue of events."""
