-- SPDX-License-Identifier: Apache-2.0
-- The requests of wrk, each with the key of another tenant, chosen at random. Environment:
--
--   KEYS   a list of tenants as t/bench/site makes it
--   MODE   null, get, list, post, or a path with its query
--   ONLY   the number of the one line of KEYS to be used (all)
--   PAUSE  milliseconds that a connection rests ahead of each request (none)
--
-- Its last line is: RESULT requests microseconds failures p50 p99 (of latencies, in microseconds)

local mode, only, pause = os.getenv("MODE"), tonumber(os.getenv("ONLY")), tonumber(os.getenv("PAUSE"))
local tenants = {}
local lines = 0
for line in io.lines(os.getenv("KEYS")) do
  lines = lines + 1
  if not only or only == lines then
    local key, low, high = line:match("^(%S+)\t%d+\t(%d+)\t(%d+)$")
    tenants[#tenants + 1] = { headers = { Authorization = "Bearer " .. key }, low = tonumber(low), high = tonumber(high) }
  end
end
math.randomseed(os.time())

local function sid()
  local digits = {}
  for i = 1, 4 do digits[i] = string.format("%08x", math.random(0, 2 ^ 31 - 1)) end
  return "CA" .. table.concat(digits)
end

function request()
  local tenant = tenants[math.random(#tenants)]
  if mode == "null" then
    return wrk.format("GET", "/null", tenant.headers)
  elseif mode == "get" then
    return wrk.format("GET", "/v1/calls/" .. math.random(tenant.low, tenant.high), tenant.headers)
  elseif mode == "list" then
    return wrk.format("GET", "/v1/calls?limit=50", tenant.headers)
  elseif mode == "post" then
    tenant.headers["Content-Type"] = "application/json"
    return wrk.format("POST", "/v1/calls", tenant.headers, '{"sid":"' .. sid()
      .. '","from_number":"+12125550166","to_number":"+12025550100","status":"queued"}')
  end
  return wrk.format("GET", mode, tenant.headers)
end

if pause then
  function delay() return pause end
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
