-- How long suppliers took to deliver each product, in days.
{{ config(materialized='table') }}
select
  product_id,
  avg({{ hours_between('ordered_at', 'received_at') }} / 24) as lead_days,
  coalesce(stddev_samp({{ hours_between('ordered_at', 'received_at') }} / 24), 0) as lead_deviation_days
from {{ ref('stg_purchase_orders') }}
where status = 'received' and received_at is not null
group by product_id
