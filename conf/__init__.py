"""The packaged configuration, for `initialize_config_module("recsys.conf")`.

`recsys/conf` is a link to the folder `conf/` at the top of the repository; the wheel has the files themselves.
"""
