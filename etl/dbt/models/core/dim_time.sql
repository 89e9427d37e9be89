with days as ({{ day_series("date '" ~ var('first_day') ~ "'", "date '" ~ var('last_day') ~ "'") }})

select
  days.day as date,
  extract(year from days.day) as year,
  extract(quarter from days.day) as quarter,
  extract(month from days.day) as month,
  {{ iso_week('days.day') }} as week,
  {{ day_of_week('days.day') }} as day_of_week,
  holidays.day is not null as is_holiday,
  holidays.name as holiday_name
from days
left join {{ ref('national_holidays') }} as holidays on holidays.day = days.day
