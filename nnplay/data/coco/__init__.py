"""Pictures with boxes and masks as COCO writes them down: one JSON file beside a folder of images."""
