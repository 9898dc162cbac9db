"""From clip scores to one honest answer: scores a video, metrics, baselines, tables, report."""
