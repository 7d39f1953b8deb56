# Cluster mode with 2 workers of 5 threads and the application preloaded, and `drain_on_shutdown`, which is made for
# this. SIGTERM.
bind "tcp://127.0.0.1:#{ENV.fetch('PORT')}"
environment 'production'
workers 2
threads 5, 5
preload_app!
drain_on_shutdown

app do |env|
  slow = env['PATH_INFO'] == '/slow'
  sleep env['QUERY_STRING'][/ms=(\d+)/, 1].to_i / 1000.0 if slow
  body = slow ? "slow\n" : "hello\n"
  [200, { 'content-type' => 'text/plain', 'content-length' => body.bytesize.to_s }, [body]]
end
