{{ config(materialized='view') }}
with holidays as (
  select {{ week_of('day') }} as week, count(*) as holidays from {{ ref('national_holidays') }} group by 1
)

select
  weeks.product_id,
  weeks.week,
  weeks.units_0 as units,
  weeks.orders,
  weeks.units_1 as units_1_week_before,
  weeks.units_4 as units_4_weeks_before,
  weeks.units_52 as units_52_weeks_before,
  {{ ratio(quotient('weeks.units_of_4', 4)) }} as average_4_weeks,
  {{ ratio(quotient('weeks.units_of_13', 13)) }} as average_13_weeks,
  {{ money(quotient('weeks.net_amount', 'weeks.units_0')) }} as average_net_price,
  {{ ratio(quotient('weeks.discount_amount', 'weeks.gross_amount')) }} as discount_rate,
  coalesce(holidays.holidays, 0) as holidays,
  {{ ratio('regularity.demand_interval') }} as demand_interval,
  {{ ratio('regularity.squared_variation') }} as squared_variation,
  regularity.demand_class
from {{ ref('int_demand_weeks') }} as weeks
inner join {{ ref('int_demand_regularity') }} as regularity on regularity.product_id = weeks.product_id
left join holidays on holidays.week = weeks.week
