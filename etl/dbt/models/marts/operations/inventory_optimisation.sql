-- Demand of the last 13 whole weeks, a day; weeks without a sale count as none.
with span as (
  select {{ add_days(week_of('today'), -91) }} as first_week, {{ week_of('today') }} as this_week
  from {{ ref('int_clock') }}
),

weekly as (
  select
    product_id,
    sum({{ real('units') }}) as units,
    sum({{ real('units') }} * {{ real('units') }}) as squares
  from {{ ref('int_sales_weekly') }}
  where week >= (select first_week from span) and week < (select this_week from span)
  group by product_id
),

demand as (
  select
    product_id,
    units / 91 as daily_units,
    -- A week's variance is seven days' variance.
    sqrt(greatest(0, (squares - units * units / 13) / 12) / 7) as daily_deviation
  from weekly
),

costs as (
  select product_id, unit_cost from {{ ref('int_unit_costs') }} where next_month = date '9999-12-01'
),

-- Orders name no warehouse: demand is divided as the warehouses' reorder points are, equally where there are none.
stock as (
  select
    *,
    coalesce(
      {{ quotient('reorder_point', 'sum(reorder_point) over (partition by product_id)') }},
      1.0 / count(*) over (partition by product_id)
    ) as demand_share
  from {{ ref('stg_inventory') }}
),

planned as (
  select
    stock.*,
    coalesce(demand.daily_units, 0) * stock.demand_share as daily_units,
    leads.lead_days,
    costs.unit_cost,
    {{ var('service_level_z') }} * sqrt(
      leads.lead_days * power(coalesce(demand.daily_deviation, 0), 2) * stock.demand_share
      + power(coalesce(demand.daily_units, 0) * stock.demand_share * leads.lead_deviation_days, 2)
    ) as safety_stock
  from stock
  left join demand on demand.product_id = stock.product_id
  left join {{ ref('int_lead_times') }} as leads on leads.product_id = stock.product_id
  left join costs on costs.product_id = stock.product_id
),

advised as (
  select
    *,
    cast(ceil(safety_stock) as bigint) as safety_stock_units,
    cast(ceil(daily_units * lead_days + safety_stock) as bigint) as advised_reorder_point,
    cast(ceil(sqrt(
      2 * daily_units * 365 * {{ var('order_cost') }} / nullif({{ var('holding_rate') }} * {{ real('unit_cost') }}, 0)
    )) as bigint) as economic_order_quantity
  from planned
)

select
  product_id,
  warehouse_id,
  cast(quantity_available as bigint) as quantity_available,
  cast(quantity_incoming as bigint) as quantity_incoming,
  cast(reorder_point as bigint) as reorder_point,
  {{ ratio('daily_units') }} as daily_demand,
  {{ ratio('lead_days') }} as average_lead_days,
  safety_stock_units,
  advised_reorder_point,
  economic_order_quantity,
  {{ ratio(quotient('quantity_available', 'daily_units')) }} as days_of_cover,
  case
    when daily_units = 0 then 'no_demand'
    when quantity_available = 0 then 'out_of_stock'
    when quantity_available + quantity_incoming <= coalesce(advised_reorder_point, reorder_point) then 'reorder'
    when quantity_available > advised_reorder_point + 2 * economic_order_quantity then 'overstocked'
    else 'sufficient'
  end as stock_status
from advised
