-- How regular a product's demand is, over the weeks known (Syntetos, Boylan and Croston 2005).
{{ config(materialized='table') }}
with measured as (
  select
    product_id,
    {{ quotient('count(*)', count_where('units_0 > 0')) }} as demand_interval,
    power({{ quotient('stddev_samp(case when units_0 > 0 then ' ~ real('units_0') ~ ' end)', 'avg(case when units_0 > 0 then ' ~ real('units_0') ~ ' end)') }}, 2) as squared_variation
  from {{ ref('int_demand_weeks') }}
  group by product_id
)

select
  *,
  case
    when squared_variation is null then 'unknown'
    when demand_interval < 1.32 and squared_variation < 0.49 then 'smooth'
    when demand_interval < 1.32 then 'erratic'
    when squared_variation < 0.49 then 'intermittent'
    else 'lumpy'
  end as demand_class
from measured
