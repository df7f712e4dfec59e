--- use queue
-- A part of a list, counted from its head or from its tail; the entry that is nearest there comes first.
local function slice(key, from, most, from_tail)
  if not from_tail then
    return call('LRANGE', key, from, from + most - 1)
  end
  local entries, reversed = call('LRANGE', key, -from - most, -from - 1), {}
  for i = #entries, 1, -1 do
    reversed[#reversed + 1] = entries[i]
  end
  return reversed
end
