-- Each product and week of the last 54 since the product's first sale, and what was sold in the weeks before it. Weeks
-- look back a year, so all weeks from the first touched one are made anew.
{{ config(
  pre_hook=[
    "{{ note_touched(first_open_week(['fact_orders'], ref('int_clock'))) }}",
    "{{ clear_open_weeks(ref('int_clock')) }}",
  ],
  post_hook="{{ advance_watermark() }}",
  **summed()
) }}
with span as (
  select {{ week_of(add_days('today', -371)) }} as first_week, {{ week_of('today') }} as this_week
  from {{ ref('int_clock') }}
),

weeks as (
  select day as week
  from ({{ day_series('(select first_week from span)', '(select this_week from span)', 7) }}) as series
  {% if is_incremental() %}where day >= {{ touched_keys() }}{% endif %}
),

-- Which weeks each week looks back on.
views as (
  {% for before in range(14) %}
  select week, {{ before }} as before, {{ add_days('week', -7 * before) }} as seen from weeks union all
  {% endfor %}
  select week, 52 as before, {{ add_days('week', -364) }} as seen from weeks
),

looked_back as (
  select
    views.week,
    sales.product_id,
    {% for before in [0, 1, 4, 52] %}
    sum(case when views.before = {{ before }} then sales.units else 0 end) as units_{{ before }},
    {% endfor %}
    sum(case when views.before between 1 and 4 then sales.units else 0 end) as units_of_4,
    sum(case when views.before between 1 and 13 then sales.units else 0 end) as units_of_13,
    sum(case when views.before = 0 then sales.orders else 0 end) as orders,
    {{ amount('sum(case when views.before = 0 then sales.net_amount end)') }} as net_amount,
    {{ amount('sum(case when views.before = 0 then sales.discount_amount end)') }} as discount_amount,
    {{ amount('sum(case when views.before = 0 then sales.gross_amount end)') }} as gross_amount
  from views
  inner join {{ ref('int_sales_weekly') }} as sales on sales.week = views.seen
  group by 1, 2
),

products as (
  select product_id, min(week) as first_week from {{ ref('int_sales_weekly') }} group by product_id
)

select
  products.product_id,
  weeks.week,
  {% for past in ['0', '1', '4', '52', 'of_4', 'of_13'] %}
  {{ whole('coalesce(looked_back.units_' ~ past ~ ', 0)') }} as units_{{ past }},
  {% endfor %}
  {{ whole('coalesce(looked_back.orders, 0)') }} as orders,
  looked_back.net_amount,
  looked_back.discount_amount,
  looked_back.gross_amount
from products
inner join weeks on weeks.week >= products.first_week
left join looked_back on looked_back.product_id = products.product_id and looked_back.week = weeks.week
