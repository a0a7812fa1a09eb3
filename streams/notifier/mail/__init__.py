"""Mail: how a notification looks as one, and how it is sent."""
