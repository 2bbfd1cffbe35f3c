"""The MLflow tracking store: its address, connection, experiments and naming rules."""
