-- Habits of the last 365 days: what was before is another time's.
with orders as (
  select *, {{ day_of_week('order_date') }} as weekday, {{ local_hour('ordered_at') }} as hour
  from {{ ref('int_orders') }}
  where order_date > (select {{ add_days('today', -365) }} from {{ ref('int_clock') }})
),

{% for habit in ['weekday', 'hour'] %}
favourite_{{ habit }} as (
  select customer_id, {{ favourite(habit, 'times') }} as {{ habit }}
  from (select customer_id, {{ habit }}, count(*) as times from orders group by 1, 2) as counted
  group by customer_id
),
{% endfor %}

favourite_payment_method as (
  select customer_id, payment_method
  from (select customer_id, payment_method, count(*) as times from orders group by 1, 2) as counted
  qualify row_number() over (partition by customer_id order by times desc, payment_method) = 1
),

baskets as (
  select facts.customer_id, facts.product_id, count(*) as times, sum(facts.quantity) as units
  from {{ ref('fact_orders') }} as facts
  where facts.is_sale and facts.order_date > (select {{ add_days('today', -365) }} from {{ ref('int_clock') }})
  group by 1, 2
),

assortment as (
  select
    baskets.customer_id,
    {{ favourite('baskets.product_id', 'baskets.times') }} as favourite_product_id,
    count(*) as distinct_products,
    {{ quotient(count_where('baskets.times > 1'), 'count(*)') }} as repeated_share,
    {{ quotient('sum(case when products.is_generic then baskets.units else 0 end)', 'sum(baskets.units)') }} as generic_share
  from baskets
  left join {{ ref('int_products') }} as products on products.product_id = baskets.product_id
  group by baskets.customer_id
),

summed as (
  select
    customer_id,
    count(*) as total_orders,
    {{ quotient(days_between('min(order_date)', 'max(order_date)'), 'count(*) - 1') }} as interval_days,
    avg({{ real('lines') }}) as lines,
    avg({{ real('units') }}) as units,
    avg({{ real('amount') }}) as amount
  from orders
  group by customer_id
)

select
  summed.customer_id,
  summed.total_orders,
  {{ ratio('summed.interval_days') }} as average_interval_days,
  {{ ratio('summed.lines') }} as average_lines,
  {{ ratio('summed.units') }} as average_units,
  {{ money('summed.amount') }} as average_order_value,
  {{ whole('favourite_weekday.weekday') }} as favourite_weekday,
  {{ whole('favourite_hour.hour') }} as favourite_hour,
  favourite_payment_method.payment_method as favourite_payment_method,
  {{ whole('assortment.favourite_product_id') }} as favourite_product_id,
  assortment.distinct_products,
  {{ ratio('assortment.repeated_share') }} as repeated_product_share,
  {{ ratio('assortment.generic_share') }} as generic_share
from summed
inner join favourite_weekday on favourite_weekday.customer_id = summed.customer_id
inner join favourite_hour on favourite_hour.customer_id = summed.customer_id
inner join favourite_payment_method on favourite_payment_method.customer_id = summed.customer_id
inner join assortment on assortment.customer_id = summed.customer_id
