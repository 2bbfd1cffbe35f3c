-- Run once by PostgreSQL's image, when its volume is new. A database each: MLflow and Optuna both keep the version of
-- their tables in a table of one name.
CREATE DATABASE mlflow;
CREATE DATABASE optuna;
CREATE DATABASE feedback;
