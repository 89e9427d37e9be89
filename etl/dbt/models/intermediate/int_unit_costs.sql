-- What a package of a product costs us in each month: the average of all receipts up to the month's end, weighted by
-- packages. Before the first receipt the first known average stands in.
{{ config(
  materialized='table',
  pre_hook="{{ keep_costs() }}",
  post_hook="{{ note_changed_costs() }}"
) }}
with receipts as (
  select
    product_id,
    {{ month_of(local_date('received_at')) }} as month,
    sum(quantity_received) as units,
    sum(quantity_received * unit_cost) as amount
  from {{ ref('stg_purchase_orders') }}
  where status = 'received' and received_at is not null and quantity_received > 0
  group by 1, 2
),

running as (
  select
    product_id,
    month,
    sum(amount) over (partition by product_id order by month) as amount,
    sum(units) over (partition by product_id order by month) as units,
    lag(month) over (partition by product_id order by month) as earlier,
    lead(month) over (partition by product_id order by month) as later
  from receipts
)

select
  product_id,
  case when earlier is null then date '1900-01-01' else month end as first_month,
  coalesce(later, date '9999-12-01') as next_month,
  {{ cost(quotient('amount', 'units')) }} as unit_cost
from running
