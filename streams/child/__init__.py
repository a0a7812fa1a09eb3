"""Servers in child processes: one data folder each, and an end no later than this program's."""
