-- The PostgreSQL image runs this once, on a new volume. MLflow and Optuna need separate databases because both store
-- their schema version in a table with the same name.
CREATE DATABASE mlflow;
CREATE DATABASE optuna;
CREATE DATABASE feedback;
