"""Numbers about boxes and masks: overlaps, box coding, suppression, and how good detections are. Arrays only."""
