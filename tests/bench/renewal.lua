-- For wrk, one thread: renewals.  A refresh token serves once, so each answer brings the token of a later request.
-- BENCH_TOKENS names a file of tokens, one a line, at least as many as connections.
local ready = {}

function init()
  for token in io.lines(os.getenv("BENCH_TOKENS")) do
    table.insert(ready, token)
  end
end

function request()
  local body = '{"refresh_token":"' .. (table.remove(ready) or "none") .. '"}'
  return wrk.format("POST", "/token/refresh", { ["Content-Type"] = "application/json" }, body)
end

function response(status, headers, body)
  local token = body:match('"refresh_token":"([^"]+)"')
  if token then
    table.insert(ready, token)
  end
end
