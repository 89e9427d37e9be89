SELECT CAST((SELECT concat('{"nodes":[', string_agg(concat('{"name":', to_json(page_0.name), ',"creditLimit":', coalesce(('"' || CAST(page_0.credit_limit AS TEXT)) || '"', 'null'), ',"orders":', (SELECT concat('{"totalCount":', (SELECT count(*) AS count_1 
FROM orders AS orders_1 
WHERE orders_1.customer_id = page_0.id), ',"nodes":[', string_agg(concat('{"orderDate":', to_json(page_1.order_date), '}'), ','), ']}') AS concat_2 
FROM (SELECT orders_2.order_date AS order_date 
FROM orders AS orders_2 
WHERE orders_2.customer_id = page_0.id ORDER BY orders_2.id 
 LIMIT $1::BIGINT) AS page_1), '}'), ',' ORDER BY page_0.number DESC) FILTER (WHERE page_0.number <= $2::BIGINT), '],"pageInfo":{"hasNextPage":false,"hasPreviousPage":', CASE WHEN (count(*) > $2::BIGINT) THEN 'true' WHEN (count(*) <= $2::BIGINT) THEN 'false' ELSE 'null' END, ',"startCursor":', coalesce((array_agg(concat(chr(1), '0|[', coalesce(('"' || CAST(page_0.credit_limit AS TEXT)) || '"', 'null'), ',', to_json(page_0.name), ',', page_0.id, ']', chr(1)) ORDER BY page_0.number DESC) FILTER (WHERE page_0.number <= $2::BIGINT))[$3::INTEGER], 'null'), ',"endCursor":', coalesce(min(concat(chr(1), '0|[', coalesce(('"' || CAST(page_0.credit_limit AS TEXT)) || '"', 'null'), ',', to_json(page_0.name), ',', page_0.id, ']', chr(1))) FILTER (WHERE page_0.number = 1), 'null'), '}}') AS concat_1 
FROM (SELECT page_0_rows.id AS id, page_0_rows.name AS name, page_0_rows.credit_limit AS credit_limit, row_number() OVER () AS number 
FROM (SELECT customers_1.id AS id, customers_1.name AS name, customers_1.credit_limit AS credit_limit 
FROM customers AS customers_1 
WHERE true ORDER BY customers_1.credit_limit DESC, customers_1.name, customers_1.id DESC 
 LIMIT $4::BIGINT) AS page_0_rows) AS page_0) AS VARCHAR) AS anon_1;
