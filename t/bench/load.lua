-- SPDX-License-Identifier: Apache-2.0
-- The requests of wrk, each with the key of another tenant, chosen at random. Environment:
--
--   KEYS      a list of tenants as t/bench/site makes it
--   MODE      null, get, list, post, event, or a path with its query
--   ACCOUNTS  for event: lines of a Twilio account and its token
--   ONLY      the number of the one line of KEYS to be used (all)
--   PAUSE     milliseconds that a connection rests ahead of each request (none)
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

-- Events of calls as Twilio sends them, each of another call, signed by RFC 2104 with SHA-1.
local accounts, events = {}, "https://bench.example/twilio/call-status"
local ffi, crypto
if mode == "event" then
  for line in io.lines(os.getenv("ACCOUNTS")) do
    local account, token = line:match("^(%S+)\t(%S+)$")
    accounts[#accounts + 1] = { sid = account, token = token }
  end
  ffi = require("ffi")
  ffi.cdef [[
    const void *EVP_sha1(void);
    unsigned char *HMAC(const void *, const void *, int, const char *, size_t, unsigned char *, unsigned int *);
    int EVP_EncodeBlock(unsigned char *, const unsigned char *, int);
  ]]
  crypto = ffi.load("libcrypto.so.3")
end

local function event()
  local account = accounts[math.random(#accounts)]
  local call = sid()
  local signed = events .. "AccountSid" .. account.sid .. "ApiVersion2010-04-01CallDuration42CallSid" .. call
    .. "CallStatuscompletedCallbackSourcecall-progress-eventsDirectioninboundFrom+12125550166SequenceNumber3"
    .. "TimestampSat, 28 Nov 2026 12:00:00 +0000To+12025550100"
  local digest, signature = ffi.new("unsigned char[20]"), ffi.new("unsigned char[32]")
  crypto.HMAC(crypto.EVP_sha1(), account.token, #account.token, signed, #signed, digest, nil)
  crypto.EVP_EncodeBlock(signature, digest, 20)
  return wrk.format("POST", "/twilio/call-status",
    { ["Content-Type"] = "application/x-www-form-urlencoded", ["X-Twilio-Signature"] = ffi.string(signature) },
    "AccountSid=" .. account.sid .. "&ApiVersion=2010-04-01&CallDuration=42&CallSid=" .. call
      .. "&CallStatus=completed&CallbackSource=call-progress-events&Direction=inbound&From=%2B12125550166"
      .. "&SequenceNumber=3&Timestamp=Sat%2C+28+Nov+2026+12%3A00%3A00+%2B0000&To=%2B12025550100")
end

function request()
  if mode == "event" then return event() end
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
