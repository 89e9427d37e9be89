-- Sends the requests of a file in turn, and tells the figures as JSON. The file has the path, then a line for each
-- header, then an empty line, then a body on each line.
local requests = {}
local at = 0

function init(arguments)
  local file = assert(io.open(arguments[1], "r"))
  local path = file:read("*l")
  for line in file:lines() do
    if line == "" then break end
    local name, value = line:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
  for body in file:lines() do
    requests[#requests + 1] = wrk.format("POST", path, nil, body)
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"bytes":%d,"microseconds":%d,"failed":%d,"p50":%d,"p99":%d,"worst":%d}\n',
    summary.requests, summary.bytes, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max
  ))
end
