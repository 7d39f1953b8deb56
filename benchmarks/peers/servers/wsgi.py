# Workers of the default class, (2 x cores) + 1 of them, as its documentation recommends. SIGTERM.
import os
from time import sleep
from urllib.parse import parse_qs

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = 2 * os.cpu_count() + 1
wsgi_app = "wsgi:app"


def app(environ, start_response):
    slow = environ["PATH_INFO"] == "/slow"
    if slow:
        sleep(int(parse_qs(environ["QUERY_STRING"])["ms"][0]) / 1000)
    body = b"slow\n" if slow else b"hello\n"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
