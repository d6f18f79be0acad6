"""What reaches the desk other than by a technician's hand."""
