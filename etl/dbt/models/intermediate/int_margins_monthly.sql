select
  sales.month,
  sales.product_id,
  sales.region,
  sales.orders,
  sales.units,
  sales.gross_amount,
  sales.discount_amount,
  sales.tax_amount,
  sales.total_amount - sales.tax_amount as net_amount,
  sales.total_amount,
  sales.first_sale_date,
  sales.last_sale_date,
  costs.unit_cost,
  case when costs.unit_cost is not null then sales.total_amount - sales.tax_amount else 0 end as costed_amount,
  sales.units * costs.unit_cost as cost_amount,
  sales.total_amount - sales.tax_amount - sales.units * costs.unit_cost as margin_amount
from {{ ref('int_sales_monthly') }} as sales
left join {{ ref('int_unit_costs') }} as costs
  on costs.product_id = sales.product_id and sales.month >= costs.first_month and sales.month < costs.next_month
