"""The sub-commands of `recsys`, one module each."""

# Name of each sub-command, which is its module, and what it does.
COMMANDS = {
    "inspect": "what a file is, how it would be read, and the command to go on with",
    "recommend": "recommendations of a run or a model, with their reasons",
    "registry": "versions of the model: register, compare, promote, roll back",
    "save": "write the model of a run or a registered one into a folder",
    "explore": "all rules of a run or a model on a page: filters, figures, export",
    "serve": "recommendations over HTTP and on a page",
    "feedback": "which recommendations people accept",
    "report": "write the report of a sweep again",
    "sync": "send queued entries of runs and sweeps to MLflow",
    "ui": "MLflow's UI, with the address of the page of the runs",
}
