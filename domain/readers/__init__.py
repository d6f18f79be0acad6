"""What readers of the desk keep: people their filters of lists, programs their webhooks."""
