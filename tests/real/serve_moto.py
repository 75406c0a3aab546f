"""moto's server for one test: Secrets Manager, SSM, STS and KMS, in memory, on the loopback.

Prints its address and ends with its standard input.
"""

import logging
import sys

from moto.server import ThreadedMotoServer

# It writes a line for each request otherwise.
logging.getLogger("werkzeug").setLevel(logging.ERROR)

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(f"http://{host}:{port}", flush=True)
sys.stdin.read()
server.stop()
