"""What customers are told of a resolution, how they dispute it, and how a case closes (SOP 5.9)."""
