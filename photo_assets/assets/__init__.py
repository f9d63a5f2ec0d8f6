"""The assets: thin adapters that hand rows to the steps and tell Dagster what came of them."""
