"""BigQuery as the warehouse: a journal on the worker's disk by the law of delivery, and a mirror of it in BigQuery."""
