-- For wrk: sign-ups, each with an address of its own.
local ids = 0

function setup(thread)
  ids = ids + 1
  thread:set("id", ids)
end

local sent = 0
local body = '{"name":"Ada Lovelace","email":"%s.%d.%d@example.com","date_of_birth":"1990-12-10","job_title":"Engineer",'
  .. '"password":"an engine of differences"}'

function request()
  sent = sent + 1
  local text = string.format(body, os.getenv("BENCH_ROUND"), id, sent)
  return wrk.format("POST", "/users", { ["Content-Type"] = "application/json" }, text)
end
