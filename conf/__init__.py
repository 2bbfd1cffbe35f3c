"""The packaged configuration, for `initialize_config_module("recsys.conf")`.

`recsys/conf` is a link to the folder `conf/` of the repository; a wheel has the files themselves.
"""
