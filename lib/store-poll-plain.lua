-- SPDX-License-Identifier: MIT
--
-- The commonest checks: of a program that is known, where nothing but its record changes,
-- of a user of whom no more is kept than what was sent and when there was a human last.
-- The sums are those of store-poll.lua, which comes after this and does all others; but
-- in whole units of the record (10 ms; last and early_start 100 ms, journal_due seconds),
-- which saves much of the time that the script takes.
local HALF, MAX3, MAX2, LONGEST = 16777216, 16777215, 65535, 167772150
local NEVER, ADMITTED, IN_ROUND, EARLY = MAX3, 0, 32, 64

local pace, spans, keeping, person, limits, news = take('>I6I6I6I6I6I6', ARGV[2])
local flags = news % 256
local tolerance = pace % HALF
local interval = (pace - tolerance) / HALF
local window, idle, away_after = spans % HALF, (now - human) / 1000, person % HALF
local round = (spans - window) / HALF
-- Who is free, away, held, was told something or brings more is for the others.
if mine and not beside and flags < 2 and userdb == 0 and marks < 128 and
   idle >= (person - away_after) / HALF and
   (idle < away_after or away_after == NEVER) then
  local at, when, starts, measured, counts = take('>I4I6I5I6I5', value, mine_record)
  local age, last, checks = (now10 - at) % TURN, when % HALF, measured % HALF
  local ahead, every = (when - last) / HALF, (measured - checks) / HALF
  local part, bursts = keeping % HALF * 31.25, news % HALF - flags
  local is_due = age + tolerance >= ahead
  -- So is a clock that went back, a policy that was changed, a key that gets its time to
  -- live anew, and who begins a round with so many programs that it may be too many: each
  -- takes 28 bytes at least.
  if age < LONGEST and ahead <= interval + tolerance and bursts > 0 and
     (now - now % part) / part % 32 == marks % 32 and
     not (is_due and #value >= first + 27 + limits % 64 * 28) then
    local elapsed, journal_due = (age - last * 10) * 10 + unit, starts % 65536
    local verdict, journal_is_due = IN_ROUND, age >= journal_due * 100
    checks = checks + (news - news % HALF) / HALF + 1
    if checks > MAX3 then checks = MAX3 end
    if elapsed >= 0 and (elapsed <= 120 * interval or elapsed <= 12 * every) then
      local sample = elapsed * 256 / bursts
      if every > 0 then sample = (3 * every + sample) / 4 end
      every = sample > MAX3 and MAX3 or sample - sample % 1
    end
    last = (age - age % 10) / 10
    if is_due then
      verdict, at = ADMITTED, now10 % TURN
      ahead = (ahead > age and ahead - age or 0) + interval
      last, starts = 0, 0
      if not journal_is_due then
        journal_due = (journal_due * 100 - age) / 100 + 0.5
        starts = journal_due < 1 and 1 or journal_due - journal_due % 1
      end
    elseif age >= round then
      verdict = EARLY
    end
    -- Where none was early lately there is nothing to turn over.
    if counts >= 256 or verdict == EARLY then
      local span = window * 1000
      local number = (now - now % span) / span % 256
      local before, distance = counts % HALF, (number - counts) % 256
      local early = (counts - before) / HALF
      before = (before - before % 256) / 256
      if distance > 1 or elapsed >= 2 * span then
        before, early = 0, 0
      elseif distance == 1 then
        before, early = early, 0
      end
      if verdict == EARLY then
        local start = (starts - journal_due) / 65536
        if start == 0 or age >= start * 10 + round then
          early, start = early < MAX2 and early + 1 or MAX2, last > 0 and last or 1
        end
        if journal_is_due then
          journal_due = (age * 10 + unit) / 1000 + (keeping - keeping % HALF) / HALF + 0.5
          journal_due = journal_due < 1 and 1 or journal_due > MAX2 and MAX2 or
            journal_due - journal_due % 1
        end
        starts = start * 65536 + journal_due
      end
      counts = early * HALF + before * 256 + number
    end
    local answer = struct.pack('>I4I6I5I6I5I6', at, ahead * HALF + last, starts,
      every * HALF + checks, counts, now * 128 + verdict + (journal_is_due and 1 or 0))
    -- A number Redis would print with "%.17g", which takes as long as all else in SETRANGE:
    -- so it is given the digits; the few offsets that have one or four are left to it.
    local offset = mine_record - 1
    if offset >= 10 and offset < 1000 then
      local ones, tens = offset % 10, (offset - offset % 10) / 10
      if tens < 10 then
        offset = string.char(48 + tens, 48 + ones)
      else
        local hundreds = (tens - tens % 10) / 10
        offset = string.char(48 + hundreds, 48 + tens % 10, 48 + ones)
      end
    end
    redis.call('SETRANGE', key, offset, sub(answer, 1, BYTES))
    return answer
  end
end
