with stock as (
  select
    snapshots.snapshot_date,
    snapshots.product_id,
    sum(snapshots.quantity_available + snapshots.quantity_reserved) as units
  from {{ ref('fact_inventory_snapshots') }} as snapshots
  where snapshots.snapshot_date > (select {{ add_days('today', -365) }} from {{ ref('int_clock') }})
  group by 1, 2
),

average as (
  select
    product_id,
    count(*) as observed_days,
    min(snapshot_date) as first_day,
    avg({{ real('units') }}) as average_units
  from stock
  group by product_id
),

sold as (
  select facts.product_id, sum(facts.quantity) as units
  from {{ ref('fact_orders') }} as facts
  where facts.is_sale and facts.order_date > (select {{ add_days('today', -365) }} from {{ ref('int_clock') }})
  group by facts.product_id
),

costs as (
  select product_id, unit_cost from {{ ref('int_unit_costs') }} where next_month = date '9999-12-01'
)

select
  average.product_id,
  average.observed_days,
  {{ ratio('average.average_units') }} as average_stock_units,
  {{ money('average.average_units * costs.unit_cost') }} as average_stock_value,
  {{ whole('coalesce(sold.units, 0)') }} as units_sold_365d,
  {{ money('coalesce(sold.units, 0) * costs.unit_cost') }} as cost_of_goods_sold_365d,
  {{ ratio(quotient('coalesce(sold.units, 0)', 'average.average_units')) }} as turnover,
  {{ ratio(quotient('365 * average.average_units', 'sold.units')) }} as days_of_stock
from average
left join sold on sold.product_id = average.product_id
left join costs on costs.product_id = average.product_id
