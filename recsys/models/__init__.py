"""Models as they are kept and served: bundles, MLflow models, the registry and the promotion gate."""
